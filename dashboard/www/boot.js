// Wiring. Starts the page.  Where one of its files did not come (a browser on the host of the
// containers drops what is under way when a network of theirs comes or goes), it is loaded anew.

const AGAIN_MS = 1000;

import("./main.js").catch((error) => {
	console.warn("not all of the page came, loading it anew:", error);
	setTimeout(() => location.reload(), AGAIN_MS);
});
