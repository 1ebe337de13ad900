package gsm7_test

import (
	"fmt"

	"github.com/anysms/anysms/encoding/gsm7"
)

func ExampleTables_Encode() {
	septets, err := gsm7.Tables{}.Encode(nil, "5 €")
	fmt.Printf("% x %v\n", septets, err)
	_, err = gsm7.Tables{}.Encode(nil, "garçon")
	fmt.Println(err)
	portuguese := gsm7.Tables{Locking: gsm7.Portuguese}
	septets, err = portuguese.Encode(nil, "ça")
	fmt.Printf("% x %v\n", septets, err)
	// Output:
	// 35 20 1b 65 <nil>
	// gsm7: U+00E7 at byte 3 (character 3) is not in the tables
	// 09 61 <nil>
}

func ExamplePack() {
	septets, _ := gsm7.Tables{}.Encode(nil, "hellohello")
	octets := gsm7.Pack(nil, septets, 0)
	fmt.Printf("% X\n", octets)
	text, _ := gsm7.Tables{}.DecodePacked(nil, octets, len(septets), 0)
	fmt.Println(string(text))
	// Output:
	// E8 32 9B FD 46 97 D9 EC 37
	// hellohello
}
