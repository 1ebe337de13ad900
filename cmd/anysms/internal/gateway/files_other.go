//go:build !unix

package gateway

// maxFiles is how many files and connections this process may open; 0 = not known.
func maxFiles() int { return 0 }
