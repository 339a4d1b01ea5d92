// vue-tsc takes the TypeScript that is installed beside it, and has none for its version 7: give it ours.
require("vue-tsc").run(require.resolve("typescript/lib/tsc"));
