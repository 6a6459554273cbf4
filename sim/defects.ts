// What must not happen, whenever it happens: the run goes on to its end and fails with the first of them.

export class Defects {
  readonly all: string[] = []

  add(text: string): void {
    if (this.all.length < 20) this.all.push(text)
  }
}
