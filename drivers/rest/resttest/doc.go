// Package resttest tests recipes: it replays their fixtures, and it makes a
// fake vendor from a recipe.
package resttest
