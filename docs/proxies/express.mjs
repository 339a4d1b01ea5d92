import compression from "compression";
import express from "express";
import { createProxyMiddleware } from "http-proxy-middleware";

const tell = (outgoing, request) => {
  outgoing.setHeader("X-Forwarded-For", request.socket.remoteAddress);
  outgoing.setHeader("X-Forwarded-Proto", request.socket.encrypted ? "https" : "http");
  outgoing.setHeader("X-Forwarded-Prefix", "/live");
};

const live = createProxyMiddleware({
  target: "http://127.0.0.1:8000",
  pathFilter: "/live",
  pathRewrite: { "^/live": "" },
  on: { proxyReq: tell, proxyReqWs: tell },
});

const app = express();
app.use(compression());
app.use(live);
app.listen(8080).on("upgrade", live.upgrade);
