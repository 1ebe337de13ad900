// Package rest is the driver for vendors that are described by a recipe, one
// YAML file, instead of by code.
//
// A [Recipe] says how requests are built and what the answers mean: where the
// vendor's id, code, price and count stand, which answers are acceptances, what
// the error codes and statuses are in the terms of package provider, and how a
// callback proves its sender. Recipes for common vendors come with the package
// ([Builtin]); a file of one's own is used in the same way:
//
//	{driver: rest, recipe: transmitsms, username: "…", password: "…"}
//	{driver: rest, recipe: ./acme.yaml, api_key: "…"}
//
// # How a recipe is read
//
// Values are placed into the nodes of a request, which an encoder then writes as
// JSON, form, query or XML. Nothing is substituted in text, so that no message
// can break a request or be replaced twice: see template and tree. Paths such as
// messages[0].id take values out of JSON, XML, or a text that a regular
// expression takes apart. There is no expression language: what real vendors
// need beyond paths is a closed list of declarations (formats of numbers and
// times, conditions over all or any elements, scales of prices, and so on).
//
// A recipe is held against a JSON Schema ([Schema]) and then checked for names
// that nothing stands for and paths that cannot match; a [LoadError] names file,
// line, column and field of every fault.
//
// # Caution
//
// Every answer that the recipe's tables do not know is judged by its status, as
// package httpcall does it, and a success without the promised id is in doubt. A
// recipe that nobody has proven at the real vendor says so (experimental), and
// may then neither claim that an absent message is proof nor call a response
// certain that is in doubt by its status.
//
// Requests go to public addresses alone, checked when the connection is made,
// unless allow_private is set or base_url names loopback.
package rest
