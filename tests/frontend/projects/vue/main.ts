import { createApp } from "vue";
import App from "./App.vue";

createApp(App, { id: "7" }).mount("#root");
