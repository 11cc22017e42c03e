/** The error with which the database refuses a search that holds nothing searchable: migrations raise it, clients see it. */
export const nothingSearchable = {
  sqlstate: "22C03",
  message: "The query holds nothing that can be searched.",
} as const;
