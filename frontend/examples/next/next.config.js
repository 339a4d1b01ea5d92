const SHOP = process.env.SHOP ?? "http://127.0.0.1:8000";

/** The browser asks this server for everything. */
export default {
  rewrites: async () => ["/live/:path*", "/reports"].map((source) => ({ source, destination: SHOP + source })),
};
