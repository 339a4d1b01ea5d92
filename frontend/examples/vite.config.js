import { svelte } from "@sveltejs/vite-plugin-svelte";
import react from "@vitejs/plugin-react";
import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";

const SHOP = "http://127.0.0.1:8000";

/** Vue takes every other tag for a component. @param {string} tag */
const isCustomElement = (tag) => tag.startsWith("task-");

export default defineConfig({
  plugins: [react(), vue({ template: { compilerOptions: { isCustomElement } } }), svelte()],
  build: {
    rolldownOptions: {
      input: ["index.html", "react/index.html", "vue/index.html", "svelte/index.html", "htmx/index.html"],
      checks: { eval: false }, // htmx has one, for `hx-on`
    },
  },
  server: {
    proxy: { "/live": { target: SHOP, ws: true }, "/reports": SHOP, "/fragments": SHOP },
  },
});
