// Package request is the part of a recipe that builds requests: trees of
// templates that are filled with a message's values, and read back by a fake of
// the vendor.
package request
