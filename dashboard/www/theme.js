// Shell. Light, dark, or as the system is; remembered where that is allowed.
import {byId, setAttribute, setText} from "./dom.js";

const THEMES = ["auto", "light", "dark"];
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
	let theme = remembered();
	const show = () => {
		if (!THEMES.includes(theme))
			theme = "auto";
		document.documentElement.dataset.theme = theme;
		setText(button, {auto: "◐ Auto", light: "☀ Light", dark: "☾ Dark"}[theme] ?? theme);
		setAttribute(button, "aria-label", `Theme: ${theme}`);
		changed();
	};
	button.addEventListener("click", () => {
		theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
		remember(theme);
		show();
	});
	matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
	show();
}
