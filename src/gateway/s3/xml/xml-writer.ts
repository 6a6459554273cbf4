// Writes the XML that clients get: a string that grows, no tree. A listing of 1,000 keys is written once for every page that a
// client reads, so that each element costs one concatenation (measured: docs/design/s3-documents.md).

import { escapeText, s3Namespace, xmlDeclaration } from '../xml-text.ts'

/** Names of elements are the program's own and are not escaped. */
export class XmlWriter {
  #text = xmlDeclaration
  readonly #root: string | undefined
  /** Of the element that is opened first. */
  #namespace: string

  /**
   * `root` is opened here and closed by `finish`; without it, the caller opens and closes one.
   * `namespace`: empty for the few documents that have none.
   */
  constructor(root?: string, namespace: string = s3Namespace) {
    this.#root = root
    this.#namespace = namespace
    if (root !== undefined) this.open(root)
  }

  open(name: string): void {
    if (this.#namespace === '') {
      this.#text += `<${name}>`
    } else {
      this.#text += `<${name} xmlns="${this.#namespace}">`
      this.#namespace = ''
    }
  }

  /** `attributes`: names with prefix, and their values. */
  openWith(name: string, attributes: Readonly<Record<string, string>>): void {
    let tag = `<${name}`
    for (const [key, value] of Object.entries(attributes)) tag += ` ${key}="${escapeText(value)}"`
    this.#text += `${tag}>`
  }

  close(name: string): void {
    this.#text += `</${name}>`
  }

  /** The text of the element that is open. */
  text(text: string): void {
    this.#text += escapeText(text)
  }

  /** An element with text only. */
  element(name: string, value: string): void {
    this.#text += `<${name}>${escapeText(value)}</${name}>`
  }

  number(name: string, value: number): void {
    this.#text += `<${name}>${value}</${name}>`
  }

  boolean(name: string, value: boolean): void {
    this.#text += value ? `<${name}>true</${name}>` : `<${name}>false</${name}>`
  }

  /** Nothing where the value is absent. */
  optional(name: string, value: string | number | boolean | undefined): void {
    if (value !== undefined) this.element(name, String(value))
  }

  /** In quotes, which is how AWS writes it in all documents but one. */
  etag(etag: string): void {
    this.#text += `<ETag>&quot;${escapeText(etag)}&quot;</ETag>`
  }

  /** The document. */
  finish(): string {
    return this.#root === undefined ? this.#text : `${this.#text}</${this.#root}>`
  }
}
