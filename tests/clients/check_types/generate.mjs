// Writes rendered samples and the manifest as TypeScript, one file each, annotated with Slack's own types, so that
// `tsc --strict` refuses unknown fields, wrong types, bad scopes and bad events.
//
//   cargo run -p deskbell-block-kit --example render_samples -- OUT_DIR
//   RENDERED=OUT_DIR npm run check
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

const here = dirname(fileURLToPath(import.meta.url));
const rendered = process.env.RENDERED;
if (!rendered) {
  console.error("set RENDERED to the folder of rendered samples");
  process.exit(2);
}
const out = join(here, "generated");
rmSync(out, { recursive: true, force: true });
mkdirSync(out);

const samples = readdirSync(rendered).filter((file) => file.endsWith(".json"));
if (samples.length === 0) {
  console.error(`no samples in ${rendered}`);
  process.exit(2);
}
for (const file of samples) {
  const sample = JSON.parse(readFileSync(join(rendered, file), "utf8"));
  const source =
    "type" in sample
      ? `import type { View } from "@slack/types";\nexport const view: View = ${JSON.stringify(sample, null, 1)};\n`
      : // The text is what ChatPostMessageArguments wants beside the blocks.
        `import type { ChatPostMessageArguments } from "@slack/web-api";\n` +
        `export const message: ChatPostMessageArguments = ${JSON.stringify({ channel: "C1", ...sample }, null, 1)};\n`;
  writeFileSync(join(out, file.replace(/\.json$/, ".ts")), source);
}

const manifest = parse(readFileSync(join(here, "../../../manifest.yml"), "utf8"));
writeFileSync(
  join(out, "manifest.ts"),
  `import type { AppsManifestValidateArguments } from "@slack/web-api";\n` +
    `export const manifest: AppsManifestValidateArguments["manifest"] = ${JSON.stringify(manifest, null, 1)};\n`,
);
console.log(`${samples.length} samples and the manifest written for tsc`);
