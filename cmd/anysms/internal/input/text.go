package input

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/anysms/anysms/cmd/anysms/internal/source"
)

// Text reads one text from standard input, without its last newline.
func Text(ctx context.Context, stdin io.Reader) (string, error) {
	from, err := source.Open(ctx, source.Stdin, stdin, "")
	if err != nil {
		return "", err
	}
	defer from.Close()
	switch {
	case from.Spreadsheet:
		return "", errors.New("standard input is a workbook; want a text")
	case from.Guessed:
		return "", fmt.Errorf("standard input is not UTF-8 but probably %s; convert it first", from.Charset)
	}
	all, err := io.ReadAll(from)
	if err != nil {
		return "", fmt.Errorf("%s: %w", from.Name, err)
	}
	text := strings.TrimSuffix(strings.TrimSuffix(string(all), "\n"), "\r")
	if strings.Contains(text, "\x00") {
		return "", fmt.Errorf("%s: not a text: it contains a NUL byte", from.Name)
	}
	return text, nil
}
