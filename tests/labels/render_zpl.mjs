// Renders the ZPL jobs of a test with zpl-renderer-js (zebrash): node render_zpl.mjs FOLDER_WITH_NODE_MODULES WORK_FOLDER
import { createRequire } from "node:module";
import fs from "node:fs";
import path from "node:path";

const [modules, work] = process.argv.slice(2);
const { ready } = createRequire(path.join(modules, "x.js"))("zpl-renderer-js");
const { api } = await ready;
const jobs = JSON.parse(fs.readFileSync(path.join(work, "jobs.json"), "utf8"));
for (const [nth, job] of jobs.entries()) {
  const picture = await api.zplToBase64Async(job.zpl, job.width, job.height, job.perMm);
  fs.writeFileSync(path.join(work, `${nth}.png`), Buffer.from(picture, "base64"));
}
process.exit(0);
