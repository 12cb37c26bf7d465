import a11y from "eslint-plugin-jsx-a11y";
import hooks from "eslint-plugin-react-hooks";
import typescript from "typescript-eslint";

/** Features meet in `resource/`, `kit/` and `api/`, and never in each other. */
const features = ["access", "audit", "connections", "editor", "gallery", "help", "home", "reference", "registers", "runs", "settings", "signin", "variables", "versions", "waiting", "workflows"];
const apart = features.map((feature) => ({
  files: [`src/features/${feature}/**`],
  rules: {
    "no-restricted-imports": [
      "error",
      {
        patterns: features
          .filter((other) => other !== feature)
          .map((other) => ({
            group: [`@/features/${other}/*`, `../${other}/*`],
            message: "Features never import each other: move what both need to resource/, kit/ or api/.",
          })),
      },
    ],
  },
}));

export default typescript.config(
  { ignores: ["dist", "src/api/schema.ts", "scripts", "e2e"] },
  ...typescript.configs.strict,
  a11y.flatConfigs.recommended,
  {
    plugins: { "react-hooks": hooks },
    rules: {
      ...hooks.configs.recommended.rules,
      "no-restricted-syntax": [
        "error",
        { selector: "ExportDefaultDeclaration", message: "Name what you export." },
        { selector: "ExportAllDeclaration", message: "No barrels: import from the file that has it." },
      ],
      "@typescript-eslint/no-invalid-void-type": "off",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      // The first field of a dialog has the focus: who opened it came to type.
      "jsx-a11y/no-autofocus": "off",
      // A control inside of its label is bound to it.
      "jsx-a11y/label-has-associated-control": ["error", { assert: "either", controlComponents: ["Input", "Select", "TextArea"], depth: 4 }],
      // What scrolls must be reachable by keyboard.
      "jsx-a11y/no-noninteractive-tabindex": ["error", { roles: ["region", "rowgroup", "tabpanel"], tags: [] }],
      // There is no compiler in the build that could take the virtualizer's answers for constant.
      "react-hooks/incompatible-library": "off",
    },
  },
  { files: ["*.config.ts", "eslint.config.js"], rules: { "no-restricted-syntax": "off" } },
  ...apart,
);
