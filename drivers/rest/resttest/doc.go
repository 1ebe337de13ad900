// Package resttest proves recipes: it replays their fixtures, and it builds a
// fake of the vendor out of a recipe.
package resttest
