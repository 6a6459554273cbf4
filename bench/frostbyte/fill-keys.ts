/** The keys that are filled in before a run lie below this. */
export const filledListPrefix = 'filled/'
