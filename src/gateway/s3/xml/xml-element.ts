// What the reader makes of a document: names without their namespace prefix, because clients write S3's namespace in every
// way there is (default, prefixed, none), and none of them means anything else by it.

export interface XmlElement {
  /** Without prefix. */
  readonly name: string
  /** Without prefix: `type` stands for `xsi:type`. Declarations of namespaces are left out. */
  readonly attributes: ReadonlyMap<string, string>
  /** In the order of the document. */
  readonly children: readonly XmlElement[]
  /** All text directly in the element, exact, references decoded; between children too. */
  readonly text: string
}

const notSpace = /[^ \t\r\n]/

/** Whether the element has text of its own, white space apart. */
export function hasText(element: XmlElement): boolean {
  return notSpace.test(element.text)
}
