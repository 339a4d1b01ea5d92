import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Element, Import } from "./app";

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <Import id="7" />
    <Element id="7" />
  </StrictMode>,
);
