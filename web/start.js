// Starts the page's program. Trunk writes the names of its two files into the attributes of the
// script tag that loads this file (see `pattern_script` in Trunk.toml).
const tag = document.querySelector("script[data-module]");
const address = (name) => new URL(tag.dataset[name], document.baseURI).href;
const { default: start } = await import(address("module"));
await start({ module_or_path: address("wasm") });
