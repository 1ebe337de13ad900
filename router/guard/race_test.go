//go:build race

package guard_test

// Under the race detector sync.Pool drops some of what it is given.
const raceDetector = true
