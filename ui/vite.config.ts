import { fileURLToPath } from "node:url";

import tailwind from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

/** Where `npm run dev` finds a running server. */
const server = process.env["FISHPLATE_URL"] ?? "http://127.0.0.1:7700";
// A path and what is below it: the app's own `/webhooks` is not the server's `/webhook`.
const toServer = Object.fromEntries(
  ["/api", "/hooks", "/webhook", "/forms", "/form-run"].map((path) => [`^${path}(/|\\?|$)`, { target: server, ws: true }]),
);

export default defineConfig({
  plugins: [react(), tailwind()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  // The server sends what is in this folder, and nothing is loaded from elsewhere.
  build: { outDir: "dist", target: "es2022", assetsInlineLimit: 0, sourcemap: false, manifest: true },
  // The examples of the repository are templates of the app.
  server: { proxy: toServer, fs: { allow: [".", "../examples"] } },
  preview: { proxy: toServer },
  // Property tests try many documents; a loaded machine takes its time.
  test: { testTimeout: 60_000, environment: "node", setupFiles: ["src/testing/browser.ts"], include: ["src/**/*.test.{ts,tsx}"] },
});
