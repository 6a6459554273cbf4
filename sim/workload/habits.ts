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

/** Drawn after everything else of a world, so that worlds without them stay what they were. */
export const laterHabits = ['copies', 'multiparts', 'versions'] as const

export type Habit = (typeof habits)[number] | (typeof laterHabits)[number]
