import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { defineConfig, type Plugin } from "vite";

/** What Airflow's own page hands to the apps of plugins, by the global that holds it. */
const HANDED_OVER: Record<string, string> = {
  react: "React",
  "react-dom": "ReactDOM",
  "react/jsx-runtime": "ReactJSXRuntime",
  "react-router-dom": "ReactRouterDOM",
  "@chakra-ui/react": "ChakraUI",
};

/** Takes React, the router and Chakra from Airflow's page instead of bundling second copies. */
function airflowGlobals(): Plugin {
  return {
    name: "airflow-globals",
    enforce: "pre",
    resolveId: (id) => (id in HANDED_OVER ? `\0airflow:${id}` : null),
    load: (id) =>
      id.startsWith("\0airflow:")
        ? `module.exports = globalThis.${HANDED_OVER[id.slice("\0airflow:".length)] ?? ""};`
        : null,
  };
}

/** Leaves out the older formats of KaTeX's fonts: every browser that Airflow runs in reads woff2. */
function newestFonts(): Plugin {
  return {
    name: "newest-fonts",
    enforce: "pre",
    transform: (code, id) =>
      id.endsWith("katex.min.css") ? code.replace(/,url\([^)]*\.(?:woff|ttf)\) format\("[^"]*"\)/g, "") : null,
  };
}

/** Everything that the bundle is made of, so that a test can tell a bundle that was not built anew. */
function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      relative(import.meta.dirname, join(entry.parentPath, entry.name))
        .split(sep)
        .join("/"),
    );
}

/** Writes `dist/manifest.json`: the name of the first file to load, and the hash of the sources. */
function manifest(): Plugin {
  let main = "";
  return {
    name: "caco-manifest",
    generateBundle(_, bundle) {
      main = Object.values(bundle).find((part) => part.type === "chunk" && part.isEntry)?.fileName ?? "";
    },
    closeBundle() {
      const hash = createHash("sha256");
      for (const name of [...sourceFiles("src"), "package-lock.json", "vite.config.ts"].sort()) {
        hash.update(`${name}\n`).update(readFileSync(name)).update("\n");
      }
      writeFileSync("dist/manifest.json", `${JSON.stringify({ main, sources: hash.digest("hex") }, null, 2)}\n`);
    },
  };
}

export default defineConfig({
  base: "./",
  plugins: [airflowGlobals(), newestFonts(), manifest()],
  define: { "process.env.NODE_ENV": JSON.stringify("production") },
  build: {
    target: "es2022",
    chunkSizeWarningLimit: 900,
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: "src/main.tsx",
      output: {
        entryFileNames: "[name]-[hash].js",
        chunkFileNames: "[name]-[hash].js",
        assetFileNames: "[name]-[hash][extname]",
      },
    },
  },
});
