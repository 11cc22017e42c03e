/** Not written yet: refuses every event, so that Hasura keeps it and tries again. */
export const handler = async () => ({ statusCode: 503, body: "link previews are not resolved yet" });
