// Shell. Elements: made, found, kept in step with lists.  Text goes in as text, never as markup.

/** @template {HTMLElement} [T=HTMLElement] @param {string} id @returns {T} */
export function byId(id) {
	const found = document.getElementById(id);
	if (!found)
		throw new Error(`the page has no #${id}`);
	return /** @type {T} */ (found);
}

/** @typedef {Node | string | null | undefined | false} Child */

/** Attributes that are false or undefined are left out.
 * @template {keyof HTMLElementTagNameMap} K @param {K} tag
 * @param {{[attribute: string]: string | number | boolean | undefined}} [attributes]
 * @param {...Child} children @returns {HTMLElementTagNameMap[K]} */
export function el(tag, attributes = {}, ...children) {
	const made = document.createElement(tag);
	for (const [name, value] of Object.entries(attributes))
		if (value !== undefined && value !== false)
			made.setAttribute(name, value === true ? "" : String(value));
	for (const child of children)
		if (child)
			made.append(child);
	return made;
}

const SVG = "http://www.w3.org/2000/svg";

/** @param {string} tag @param {{[attribute: string]: string}} attributes
 * @param {...Element} children */
export function svg(tag, attributes, ...children) {
	const made = document.createElementNS(SVG, tag);
	for (const [name, value] of Object.entries(attributes))
		made.setAttribute(name, value);
	made.append(...children);
	return made;
}

/** Touches the page only where the text is another. @param {Element} element
 * @param {string} text */
export function setText(element, text) {
	if (element.textContent !== text)
		element.textContent = text;
}

/** @param {Element} element @param {string} name @param {string} value */
export function setAttribute(element, name, value) {
	if (element.getAttribute(name) !== value)
		element.setAttribute(name, value);
}

/** The children become these, in this order; those that stay are not moved, so that they keep the
 * focus. @param {Element} parent @param {Element[]} wanted */
export function setChildren(parent, wanted) {
	const stays = new Set(wanted);
	for (const child of [...parent.children])
		if (!stays.has(child))
			child.remove();
	let at = parent.firstElementChild;
	for (const child of wanted) {
		if (child === at)
			at = at.nextElementSibling;
		else
			parent.insertBefore(child, at);
	}
}

/** Keeps the elements of a list by key, and makes one anew only where what it shows has changed.
 * @template T @param {(item: T) => string} key @param {(item: T) => Element} make */
export function keyed(key, make) {
	/** @type {Map<string, {shown: string, element: Element}>} */
	let kept = new Map();
	/** @param {T[]} items @returns {Element[]} */
	return (items) => {
		const next = new Map();
		for (const item of items) {
			const shown = JSON.stringify(item), old = kept.get(key(item));
			next.set(key(item), old?.shown === shown ? old : {shown, element: make(item)});
		}
		kept = next;
		return [...next.values()].map((entry) => entry.element);
	};
}

/** A cell that names its column where the table is shown as cards.
 * @param {string} label @param {...Child} children */
export const cell = (label, ...children) => el("td", {"data-label": label}, ...children);

/** A word with a shape and a colour. @param {string} word @param {string} kind */
export const badge = (word, kind) => el("span", {class: `badge ${kind}`}, word);
