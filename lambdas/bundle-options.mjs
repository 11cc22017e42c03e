/** esbuild's options for every handler: CommonJS for the Lambda runtime nodejs22.x, nothing left outside. */
export const bundleOptions = {
  bundle: true,
  minify: true,
  platform: "node",
  target: "node22",
  format: "cjs",
  mainFields: ["module", "main"],
  // pg asks for it in a try block and does without.
  external: ["pg-native"],
  legalComments: "none",
  logLevel: "warning",
};
