/** In a data directory: metadata that was moved to MongoDB, kept as a backup. */
export const movedName = 'metadata.moved'
