/** Where the gateway is when nobody says it. @type {string | URL} */
let home = "/";

/** @param {URL} url of the gateway from which this module was loaded */
export function setHome(url) {
  home = url;
}

/**
 * @param {string | URL} [baseUrl] of the gateway, relative to the page; without it, or empty: the one this was loaded from
 * @returns {URL} with a slash at its end
 */
export function baseOf(baseUrl) {
  const url = new URL(baseUrl || home, globalThis.document?.baseURI ?? globalThis.location?.origin);
  url.pathname = url.pathname.replace(/\/?$/, "/");
  return url;
}
