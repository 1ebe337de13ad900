//go:build race

package main

// The race detector takes several times the memory of a program.
const raceDetector = true
