// Talking to the server without ever leaving the page: a lost session or connection is an answer, not an accident.

import { form } from "./cells.js";

export const OFFLINE = { state: "offline" };
export const SIGNED_OUT = { state: "signed-out" };
const token = () => form.elements.csrfmiddlewaretoken;
// The page holds what one person typed; nobody else's session may carry it.
const me = Number(form.dataset.user);

// {state: "ok" | "conflict" | "refused" | "signed-out" | "other-person" | "offline", data}
export async function send(method, address, body, { keepalive = false } = {}) {
  const first = await attempt(method, address, body, keepalive);
  if (first.status !== 403) {
    return first;
  }
  // After a new sign-in the token of this page is the old one's.
  const renewed = await renewToken();
  return renewed.state === "ok" ? attempt(method, address, body, keepalive) : renewed;
}

export async function renewToken() {
  const answer = await attempt("GET", form.dataset.tokenUrl);
  if (answer.state !== "ok") {
    return answer;
  }
  if (answer.data.user !== me) {
    return { state: "other-person" };
  }
  token().value = answer.data.token;
  return answer;
}

async function attempt(method, address, body, keepalive = false) {
  const headers = body === undefined ? {} : { "Content-Type": "application/json", "X-CSRFToken": token().value };
  let response = null;
  try {
    response = await fetch(address, {
      method,
      headers,
      keepalive,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin",
      redirect: "error",
    });
  } catch {
    return OFFLINE;
  }
  const data = await response.json().catch(() => ({}));
  return { state: stateOf(response, data), status: response.status, data };
}

function stateOf(response, data) {
  if (response.status === 401) {
    return data.other ? "other-person" : "signed-out";
  }
  if (response.status === 409) {
    return "draft" in data ? "conflict" : "refused";
  }
  // A proxy without its server answers, and no more reaches the record than a pulled plug.
  if ([502, 503, 504].includes(response.status)) {
    return "offline";
  }
  return response.ok ? "ok" : "refused";
}
