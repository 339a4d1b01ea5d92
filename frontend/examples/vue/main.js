import { createApp } from "vue";
import Report from "./Report.vue";

createApp(Report).mount("#app");
