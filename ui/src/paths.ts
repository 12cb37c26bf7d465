/** Every place of the app, by what is there. Links are made here and nowhere else. */
export const paths = {
  home: "/",
  workflows: "/workflows",
  workflow: "/workflows/$name",
  editor: "/workflows/$name/edit",
  runs: "/runs",
  run: "/runs/$run",
  waiting: "/waiting",
  connections: "/connections",
  connection: "/connections/$name",
  variables: "/variables",
  audit: "/audit",
  access: "/access",
  settings: "/settings",
  reference: "/reference",
  help: "/help",
  gallery: "/gallery",
} as const;
