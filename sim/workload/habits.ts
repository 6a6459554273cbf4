/** What clients may do besides writing and reading whole files. */
export const habits = [
  'ranges',
  'lists',
  'deletes',
  'conditions',
  'large-files',
  'many-tiny-files',
  'slow-uploads',
  'abandoned-uploads',
  'slow-readers',
  'wrong-sizes',
] as const

export type Habit = (typeof habits)[number]
