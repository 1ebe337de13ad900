package transliterate_test

import (
	"fmt"

	"github.com/anysms/anysms/encoding/transliterate"
)

func ExampleApply() {
	text, changes := transliterate.Apply("It’s 5 € – now", transliterate.Lossless)
	fmt.Println(text)
	for _, c := range changes {
		fmt.Printf("%q becomes %q at %d\n", c.From, c.To, c.Index)
	}
	text, _ = transliterate.Apply("Ο κωδικός σας είναι 4711", transliterate.GreekCapitals)
	fmt.Println(text)
	text, _ = transliterate.Apply("Ваш код 4711", transliterate.Full)
	fmt.Println(text)
	// Output:
	// It's 5 € - now
	// "’" becomes "'" at 2
	// "–" becomes "-" at 9
	// O KΩΔIKOΣ ΣAΣ EINAI 4711
	// Vash kod 4711
}
