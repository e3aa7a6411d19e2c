// An OpenID Connect provider for tests: signs whatever it is asked to, with RS256. tests/oidc/run starts it.
//
//   . target/oidc/env
//   curl -s $OIDC_ISSUER/token -d grant_type=client_credentials -d sub=olga -d aud=marquee \
//       -d 'scope=marquee/organizer marquee/door' -d 'claims={"organizers":["a","b"]}' | jq -r .access_token
//
// POST /token takes a form, or JSON of the same names. grant_type=client_credentials has to be there; then
//   sub, aud, scope   claims as they are; aud twice makes an array. None is there unless it is asked for.
//   expires_in        seconds, 3600 if not given; -60 for a token that expired a minute ago
//   claims            a JSON object laid over the payload; null takes a claim out, {"exp":null} or {"iss":null}
//   header            a JSON object laid over the header: {"kid":"nobody"}; null takes out here, too
// POST /_test/rotate makes a new key, which signs from now on, and forgets the others.
//   keep=true         leaves them in the key set, as a provider does for a while
//   kid               the new one's name: that of the old one makes forgeries of what it signed
//
// Discovery is at /.well-known/openid-configuration, the key set at /jwks.
import { AssertionError } from "node:assert";
import { renameSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";

const installed = createRequire(new URL("../../target/tools/oidc/", import.meta.url));
const { Events, JWKStore, OAuth2Issuer, OAuth2Service } = installed("oauth2-mock-server");

// The library's signs with its keys in turn and forgets none.
class Keys {
    #store;
    #signs;

    async rotate({ keep, kid } = {}) {
        const store = keep === "true" || keep === true ? this.#store : new JWKStore();
        this.#signs = (await store.generate("RS256", { kid })).kid;
        this.#store = store;
        return this.#signs;
    }
    get() {
        return this.#store.get(this.#signs);
    }
    toJSON() {
        // What verifiers may go by, and the library leaves out.
        return this.#store.toJSON().map((key) => ({ ...key, use: "sig" }));
    }
}

class Issuer extends OAuth2Issuer {
    #keys = new Keys();
    get keys() {
        return this.#keys;
    }
}

// Given as JSON text by a form, as an object by JSON.
function overlay(onto, name, given = {}) {
    let object = given;
    try {
        if (typeof given === "string") object = JSON.parse(given);
    } catch {
        object = null;
    }
    if (object === null || typeof object !== "object" || Array.isArray(object)) {
        throw new AssertionError({ message: `${name} is no JSON object: ${given}` }); // the library's 400
    }
    for (const [key, value] of Object.entries(object)) {
        if (value === null) delete onto[key];
        else onto[key] = value;
    }
}

function lifetime({ expires_in = 3600 }) {
    if (Number.isInteger(Number(expires_in))) return Number(expires_in);
    throw new AssertionError({ message: `expires_in is no whole number: ${expires_in}` });
}

const issuer = new Issuer();
await issuer.keys.rotate();
const service = new OAuth2Service(issuer);

service.on(Events.BeforeTokenSigning, ({ header, payload }, { body }) => {
    if (body.sub !== undefined) payload.sub = body.sub;
    payload.exp = payload.iat + lifetime(body);
    overlay(payload, "claims", body.claims);
    overlay(header, "header", body.header);
});
service.on(Events.BeforeResponse, (response, { body }) => {
    response.body.expires_in = lifetime(body);
});
service.addRoute("POST", "/_test/rotate", async ({ body }, response) => {
    const kid = await issuer.keys.rotate(body);
    response.setHeader("Content-Type", "application/json").end(JSON.stringify({ kid }));
});

const [port = "0", file] = process.argv.slice(2);
const server = createServer(service.requestHandler);
server.listen(Number(port), "127.0.0.1", () => {
    issuer.url = `http://127.0.0.1:${server.address().port}`;
    console.log(`issues as ${issuer.url}`);
    if (file) {
        // Whoever waits for it finds all of it.
        writeFileSync(`${file}.new`, `OIDC_ISSUER=${issuer.url}\n`);
        renameSync(`${file}.new`, file);
    }
});
