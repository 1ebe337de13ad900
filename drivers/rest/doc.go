// Package rest is the driver for vendors that are described by a recipe, one
// YAML file, instead of by code.
//
// A [Recipe] says how requests are built and what the responses mean: where the
// vendor's id, code, price and count are, which responses are acceptances, what
// the error codes and statuses are in terms of package provider, and how the
// signature of a callback is verified. Recipes for common vendors are built in
// ([Builtin]); a file of your own is used in the same way:
//
//	{driver: rest, recipe: transmitsms, username: "…", password: "…"}
//	{driver: rest, recipe: ./acme.yaml, api_key: "…"}
//
// # Recipes
//
// Values are placed into the nodes of a request tree, which is then encoded as
// JSON, form, query or XML. Nothing is substituted in text, so no message can
// break a request or be replaced twice. Paths such as messages[0].id take
// values out of JSON, XML, or a text that a regular expression parses. There is
// no expression language: what real vendors need beyond paths is a closed list
// of declarations (formats of numbers and times, conditions over all or any
// elements, scales of prices, and so on).
//
// A recipe is validated against a JSON Schema ([Schema]) and then checked for
// unknown names and for paths that cannot match; a [LoadError] gives file,
// line, column and field of every problem.
//
// # Caution
//
// For every response that the recipe's tables do not cover the status decides,
// as in package httpcall, and a success without the promised id is
// indeterminate. A recipe that was not tested at the real vendor says so
// (experimental). It may then neither treat a message that is not found as not
// sent nor treat a response as certain whose status leaves the outcome unknown.
//
// Requests only go to public addresses, which is checked when the connection is
// made, unless allow_private is set or base_url is a loopback address, or http to a
// private one with allow_private_http.
package rest
