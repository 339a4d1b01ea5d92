import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";

/** @param {string} tag */
const isCustomElement = (tag) => tag === "task-progress";

export default defineConfig({ plugins: [vue({ template: { compilerOptions: { isCustomElement } } })] });
