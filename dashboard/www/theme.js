// Shell. Light, dark, or as the system is; remembered where that is allowed.
import {byId, setAttribute, setText} from "./dom.js";

/** For which media the colours by night are. @type {{[theme: string]: string}} */
const NIGHT = {auto: "(prefers-color-scheme: dark)", light: "not all", dark: "all"};
const THEMES = Object.keys(NIGHT);
const KEY = "theme";

function remembered() {
	try {
		return localStorage.getItem(KEY) ?? "auto";
	} catch {
		return "auto";
	}
}

/** @param {string} theme */
function remember(theme) {
	try {
		localStorage.setItem(KEY, theme);
	} catch {
		// Not allowed here: it holds until the page is closed.
	}
}

/** @param {() => void} changed called when the colours are others */
export function startTheme(changed) {
	const button = byId("theme");
	/** @type {HTMLLinkElement} */
	const sheet = byId("dark");
	let theme = remembered();
	const show = () => {
		if (!THEMES.includes(theme))
			theme = "auto";
		document.documentElement.dataset.theme = theme;
		sheet.media = NIGHT[theme];
		setText(button, {auto: "◐ Auto", light: "☀ Light", dark: "☾ Dark"}[theme] ?? theme);
		setAttribute(button, "aria-label", `Theme: ${theme}`);
		changed();
	};
	button.addEventListener("click", () => {
		theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
		remember(theme);
		show();
	});
	sheet.addEventListener("load", changed);
	matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
	show();
}
