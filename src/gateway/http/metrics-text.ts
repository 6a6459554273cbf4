/** What a scrape gets. */
export interface MetricsText {
  readonly contentType: string
  readonly text: string
}
