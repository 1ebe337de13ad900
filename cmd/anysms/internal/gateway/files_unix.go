//go:build unix

package gateway

import "golang.org/x/sys/unix"

// maxFiles is how many files and connections this process may open; 0 = not known.
func maxFiles() int {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return 0
	}
	const many = 1 << 30
	if uint64(limit.Cur) > many {
		return many
	}
	return int(limit.Cur)
}
