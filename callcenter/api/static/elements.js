// Making and changing elements. Texts only ever become text nodes: what strangers say and are called is never markup.

/** Make an element: el("p", {class: "note"}, "text", otherElement). An attribute that is null or false is left out. */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

/** The element of the page with this id. */
export function at(id) {
  return document.getElementById(id);
}

/** Put a text into an element, if it is another one than is there. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Show or hide an element. */
export function show(element, visible) {
  if (element.hidden === visible) element.hidden = !visible;
}

/** Replace all that is in an element, unless it would look the same. */
export function fill(element, ...children) {
  const filled = el("div", {}, ...children);
  const same =
    element.childNodes.length === filled.childNodes.length &&
    [...element.childNodes].every((child, at) => child.isEqualNode(filled.childNodes[at]));
  if (!same) element.replaceChildren(...filled.childNodes);
}
