// Makes src/api/problems.json, the texts of problem codes, from docs/errors. With --check it only tells whether it is as
// it would be made. Sections become plain lines, so that the app needs no reader of Markdown.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";

const folder = new URL("../../docs/errors/", import.meta.url);
const file = new URL("../src/api/problems.json", import.meta.url);
const texts = readdirSync(folder)
  .filter((name) => /^FP\d{4}\.md$/.test(name))
  .sort()
  .map((name) => read(name.slice(0, 6), readFileSync(new URL(name, folder), "utf8")));
const made = `${JSON.stringify(texts, null, 1)}\n`;
if (!process.argv.includes("--check")) writeFileSync(file, made);
else if (readFileSync(file, "utf8") !== made) {
  console.error("src/api/problems.json is not what docs/errors says: run `npm run problems`");
  process.exit(1);
}

/** One code's file: its title, the line about its status, and its sections with their paragraphs, points and code. */
function read(code, text) {
  const title = /^# FP\d{4}: (.+)$/m.exec(text)?.[1];
  if (title === undefined) throw new Error(`docs/errors/${code}.md has no title of the form "# ${code}: …"`);
  const [head, ...parts] = text.split(/^## /m);
  return {
    code,
    title,
    status: head.split("\n").slice(1).join(" ").trim(),
    sections: parts.map((part) => {
      const [name, ...lines] = part.split("\n");
      return { name: name.trim(), blocks: blocks(lines) };
    }),
  };
}

function blocks(lines) {
  const found = [];
  let code = null;
  for (const line of lines) {
    const last = found.at(-1);
    if (/^\s*```/.test(line)) {
      if (code === null) found.push({ kind: "code", text: "" });
      code = code === null ? found.at(-1) : null;
    } else if (code !== null) code.text += `${code.text === "" ? "" : "\n"}${line}`;
    else if (/^(- |\d+\. )/.test(line)) found.push({ kind: "point", text: plain(line.replace(/^(- |\d+\. )/, "")) });
    else if (line.trim() === "") found.push(null);
    else if (last != null && last.kind !== "code") last.text += ` ${plain(line.trim())}`;
    else found.push({ kind: "text", text: plain(line.trim()) });
  }
  return found.filter((block) => block !== null);
}

/** Links become their words: they point to files of the repository. */
function plain(text) {
  return text.replace(/\[([^\]]+)\]\([^)]+\)/g, "$1");
}
