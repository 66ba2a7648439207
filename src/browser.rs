//! The entry of the browser's half.

use wasm_bindgen::prelude::wasm_bindgen;

/// Brings the live parts of the page to life. The page's own script calls it once.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_islands();
}
