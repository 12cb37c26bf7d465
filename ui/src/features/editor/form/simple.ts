//! Colours for languages of which only words, texts, numbers and remarks are told apart.

import { StreamLanguage } from "@codemirror/language";

interface Words {
  readonly keywords: RegExp;
  readonly remark: RegExp;
  readonly variable: RegExp;
}

const LANGUAGES = {
  sql: {
    keywords: /^(select|from|where|and|or|not|null|is|in|like|between|insert|into|values|update|set|delete|truncate|create|drop|alter|table|index|view|join|left|right|inner|outer|full|cross|on|using|group|by|having|order|limit|offset|asc|desc|distinct|as|union|all|exists|case|when|then|else|end|returning|with|recursive|conflict|do|nothing|default|true|false|begin|commit|rollback|cast|interval)$/i,
    remark: /^--.*/,
    variable: /^\$\d+(:\w+)?/,
  },
  shell: { keywords: /^(if|then|else|elif|fi|for|in|do|done|while|until|case|esac|function|return|exit|export|set|cd|echo)$/, remark: /^#.*/, variable: /^\$(\{[^}]*\}|\w+|[?#@*])/ },
  graphql: { keywords: /^(query|mutation|subscription|fragment|on|true|false|null)$/, remark: /^#.*/, variable: /^\$\w+/ },
} as const satisfies Readonly<Record<string, Words>>;

export function simple(language: keyof typeof LANGUAGES) {
  const { keywords, remark, variable } = LANGUAGES[language];
  return StreamLanguage.define({
    token(stream) {
      if (stream.eatSpace()) return null;
      if (stream.match(remark)) return "comment";
      if (stream.match(/^\{\{.*?\}\}/)) return "meta";
      if (stream.match(variable)) return "propertyName";
      if (stream.match(/^'([^'\\]|\\.|'')*'?/) || stream.match(/^"([^"\\]|\\.)*"?/)) return "string";
      if (stream.match(/^\d+(\.\d+)?\b/)) return "number";
      if (stream.match(/^[A-Za-z_][\w-]*/)) return keywords.test(stream.current()) ? "keyword" : null;
      stream.next();
      return null;
    },
  });
}
