// The box above a long list. A message that was pasted finds the entry that it fits as a whole, from first word to
// last; other words find the entries that hold the most of them. It says how many are shown.
"use strict";
{
  const FILLED = / did you mean ‹[^›]*›\?|‹[^›]*›|\[[^\]]*\]/; // may be anything, or nothing; [this | that] is one of two
  const WORD = /[\p{L}\p{N}_]+/gu, DOTTED = /(?:‹[^›]*›|[\p{L}\p{N}_])+(?:\.(?:‹[^›]*›|[\p{L}\p{N}_])+)+/gu;
  const plain = text => text.toLowerCase().replace(/\s+/g, " ").trim();
  const pattern = (text, filled) => text.split(filled).map(part => part.replace(/[^\p{L}\p{N}\s_]/gu, "\\$&"));

  const read = entry => {
    const text = plain(entry.textContent), message = plain((entry.querySelector("code") ?? entry).textContent);
    const names = (message.match(DOTTED) ?? []).filter(name => /^[^‹].*‹/.test(name));
    return {
      entry, words: new Set(text.match(WORD)),
      whole: new RegExp(pattern(message, FILLED).join(".*?")), said: message.split(FILLED).join("").length,
      names: names.map(name => new RegExp(`^${pattern(name, FILLED).join("[^.]+")}$`)), // training.‹name› holds training.lr
    };
  };
  // how many of the words an entry has, none within another word; the last one may still be being typed
  const count = (one, words, names, typed) => {
    const named = new Set(names.filter(name => one.names.some(known => known.test(name))).flatMap(name => name.match(WORD)));
    const begun = word => word === typed && [...one.words].some(known => known.startsWith(word));
    return words.filter(word => one.words.has(word) || named.has(word) || begun(word)).length;
  };
  const best = (entries, score) => {
    const scores = entries.map(score), most = Math.max(...scores);
    return [most, entries.filter((_, number) => most > 0 && scores[number] === most)];
  };

  addEventListener("DOMContentLoaded", () => {
    for (const box of document.querySelectorAll(".finder")) {
      const input = box.querySelector("input"), told = box.querySelector("output"), what = box.dataset.what;
      const entries = [...document.querySelectorAll(box.dataset.finds)].map(read);
      const sections = [...document.querySelectorAll("article section section")];
      const found = text => {
        const words = [...new Set(text.match(WORD))].filter(word => word.length > 1);
        if (words.length === 0) return [entries, `All ${entries.length} ${what}.`];
        const [whole, fitting] = best(entries, one => one.whole.test(text) ? one.said : 0);
        if (whole > 0) return [fitting, `${fitting.length} of ${entries.length} ${what} ${fitting.length > 1 ? "fit" : "fits"} what you typed as a whole.`];
        const typed = words.at(-1).length > 2 && text.endsWith(words.at(-1)) ? words.at(-1) : "";
        const [most, shown] = best(entries, one => count(one, words, text.match(DOTTED) ?? [], typed));
        if (most === 0) return [[], `None of ${entries.length} ${what} has any of your words.`];
        const which = most < words.length ? `${most} of your ${words.length} words` : words.length > 1 ? "all your words" : "your word";
        return [shown, `${shown.length} of ${entries.length} ${what} with ${which}.`];
      };
      const find = () => {
        const [shown, sentence] = found(plain(input.value));
        const kept = new Set(shown);
        entries.forEach(one => { one.entry.hidden = !kept.has(one); });
        for (const section of sections) section.hidden = !section.querySelector("li:not([hidden])");
        told.textContent = sentence;
      };
      let waiting;
      input.addEventListener("input", () => {
        clearTimeout(waiting);
        waiting = setTimeout(find, 120); // so that a screen reader hears one count, not one for each letter
      });
      box.hidden = false;
      find(); // a browser that comes back remembers what was typed
    }
  });
}
