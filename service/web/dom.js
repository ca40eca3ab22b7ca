// Makes elements. Text only ever becomes text here: nothing parses markup.

export const $ = (id) => document.getElementById(id);

/** Returns an element with attributes, listeners (`onclick`) and children; null is left out. */
export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...children.flat().filter((child) => child != null));
  return made;
}

/** Puts children in the place of those that were there. */
export const fill = (parent, ...children) =>
  parent.replaceChildren(...children.flat().filter((child) => child != null));

/** What this tab remembers, and forgets when it is closed; nothing where storage is off. */
export const tab = {
  get(name) {
    try {
      return JSON.parse(sessionStorage.getItem(`lur.${name}`));
    } catch {
      return null;
    }
  },
  set(name, value) {
    try {
      if (value == null) sessionStorage.removeItem(`lur.${name}`);
      else sessionStorage.setItem(`lur.${name}`, JSON.stringify(value));
    } catch {
      // full or switched off: the text is still in the page
    }
  },
};

/** What this browser remembers: the looks of the page, never a text or a key. */
export function taste(name, value) {
  try {
    if (value !== undefined) localStorage.setItem(`lur.${name}`, value);
    return localStorage.getItem(`lur.${name}`);
  } catch {
    return null;
  }
}
