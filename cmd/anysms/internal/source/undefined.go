package source

import (
	"bytes"
	"io"

	"golang.org/x/text/encoding"
	"golang.org/x/text/transform"
)

// decoded decodes to UTF-8. What the character set does not define becomes an
// invalid byte, so that the row is reported: the replacement character that the
// decoders write would be sent like any other.
func decoded(from io.Reader, e encoding.Encoding) io.Reader {
	return transform.NewReader(from, transform.Chain(e.NewDecoder(), undefined{}))
}

const invalidByte = 0xff

var replacement = []byte("\ufffd")

// undefined replaces replacement characters by an invalid byte.
type undefined struct{ transform.NopResetter }

func (undefined) Transform(dst, src []byte, atEOF bool) (written, read int, err error) {
	for read < len(src) {
		if written == len(dst) {
			return written, read, transform.ErrShortDst
		}
		rest := src[read:]
		next := bytes.Index(rest, replacement)
		switch {
		case next == 0:
			dst[written] = invalidByte
			written, read = written+1, read+len(replacement)
			continue
		case next > 0:
			rest = rest[:next]
		case !atEOF && bytes.HasPrefix(replacement, rest):
			return written, read, transform.ErrShortSrc
		case !atEOF:
			rest = withoutBeginning(rest)
		}
		n := copy(dst[written:], rest)
		written, read = written+n, read+n
	}
	return written, read, nil
}

// withoutBeginning cuts off the beginning of a replacement character at the end.
func withoutBeginning(b []byte) []byte {
	for n := len(replacement) - 1; n > 0; n-- {
		if bytes.HasSuffix(b, replacement[:n]) {
			return b[:len(b)-n]
		}
	}
	return b
}
