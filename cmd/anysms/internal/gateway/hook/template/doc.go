// Package template makes texts from the payloads of hooks, by templates in the syntax
// of Go's text/template.
//
// The syntax is parsed by the standard library. The package evaluates it itself, over
// decoded JSON and nothing else: it uses no reflection, so that no template can call a
// method, and its errors show the template's place and names, never a value of the
// payload.
//
// # The language
//
//	{{.status}}  {{.alerts.count}}        a field of an object
//	{{.}}  {{$}}                          the current value, and the payload
//	{{"text"}} {{`text`}} {{3}} {{1.5}}   constants, and true, false, nil
//	{{$x := .status}}  {{$x = "other"}}   variables
//	{{.status | upper | truncate 20}}     pipelines: a value is the next one's last argument
//	{{if .x}} {{else if .y}} {{else}} {{end}}
//	{{with .x}} {{else with .y}} {{else}} {{end}}
//	{{range .list}} {{range $i, $x := .list}} {{break}} {{continue}} {{else}} {{end}}
//	{{- .x -}}  {{/* a comment */}}       without the white space around
//
// Objects are ranged over in the order of their names, and a whole number n counts
// from 0 to n-1. False are false, nil and null, 0, "", and empty lists and objects.
//
// The functions, with "…" where they take more arguments:
//
//	and x y…  or x y…  not x       and, or return the argument that decides
//	eq x y…  ne x y                equal to one of y…; not equal
//	lt x y  le x y  gt x y  ge x y
//	len x                          bytes of a text, members of a list or object
//	index x i…  slice x i j        as x[i] and x[i:j]
//	print x…  println x…           the values, with spaces between two that are not texts
//	printf "format" x…             as Printf of package fmt
//	urlquery x…                    escaped for the query of a URL
//	field x "a.b|c.0.d"            the text at the first path that leads to one, or ""
//	upper s  lower s  trim s       of a text
//	truncate n s                   at most n characters of a text, with … for the rest
//
// # Differences from text/template
//
//   - A field that an object does not have is an error (its option missingkey=error),
//     and so is the output of null, which would be "<no value>".
//   - Numbers compare by value, whole or not; those with a fraction as float64. All
//     whole numbers have one type, so that any may be the n of truncate.
//   - There are no methods, no define, block and template, no complex numbers, and no
//     functions call, html and js.
//   - The number of a function's arguments is checked before the template is used, and
//     the format of printf must stand in the template: a payload could ask for
//     megabytes with it.
//   - slice does not reach past the end of a list, into its capacity.
//   - break and continue in the else of a range are for the range around it.
//   - A text has at most [MaxText] bytes, and takes at most [MaxSteps] steps.
package template
