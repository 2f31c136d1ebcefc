import type { Paper } from '../../../src/billing/receipts/paper.ts'

/** A tax invoice of the yearly plan, on which everybody and everything has this name. */
export const invoiceTo = (name: string): Paper => {
  const at = new Date('2026-11-20T10:00:00Z')
  const state = { stateName: 'Maharashtra', stateCode: '27' }
  return {
    number: 'R2627-000001',
    userId: 'u',
    issuedAt: at,
    kind: 'tax-invoice',
    title: 'Tax invoice',
    seller: { name, address: name, gstin: '27AAPFU0939F1ZV', email: 'help@example.in', ...state },
    buyer: { name, person: name, address: name, gstin: null, email: 'asha@example.in', ...state },
    placeOfSupply: { code: '27', name: 'Maharashtra' },
    placeAssumed: false,
    original: null,
    reason: null,
    lines: [{ description: 'Sector ETF RS Analyzer, annual subscription', sac: '997331', amountPaise: 422_881 }],
    breakdown: [
      { label: 'Taxable value', amountPaise: 422_881 },
      { label: 'CGST 9%', amountPaise: 38_059 },
      { label: 'SGST 9%', amountPaise: 38_059 },
      { label: 'Round off', amountPaise: 1, isSigned: true },
    ],
    tax: {
      ratePercent: 18,
      taxablePaise: 422_881,
      heads: [
        { label: 'CGST', ratePercent: 9, amountPaise: 38_059 },
        { label: 'SGST', ratePercent: 9, amountPaise: 38_059 },
      ],
    },
    totalPaise: 499_000,
    totalInWords: 'Rupees Four Thousand Nine Hundred Ninety Only',
    period: { from: at, to: at },
    facts: [
      { label: 'Paid', value: at },
      { label: 'Method', value: 'UPI' },
      { label: 'Bank reference', value: null },
    ],
  }
}

/** One name or more of each script of the Eighth Schedule's languages, and of Sinhala; each of one script. */
export const namesByScript: readonly (readonly [language: string, name: string])[] = [
  ['Assamese', 'আশা বৰুৱা'],
  ['Bengali', 'রবীন্দ্রনাথ চৌধুরী'],
  ['Bodo', 'बर फैमाल'],
  ['Dogri', 'पद्मा सचदेव'],
  ['Gujarati', 'કૃષ્ણ પટેલ'],
  ['Hindi', 'श्रीमती आशा क्षत्रिय'],
  ['Kannada', 'ಕೃಷ್ಣ ಮೂರ್ತಿ'],
  ['Kashmiri', 'کٲشُر رحمان'],
  ['Konkani', 'रवीन्द्र केळेकार'],
  ['Maithili', 'हरिमोहन झा'],
  ['Malayalam', 'കൃഷ്ണൻ നായർ'],
  ['Malayalam with a vowel around its letter', 'ഗോപാലൻ'],
  ['Manipuri', 'ꯃꯩꯇꯩ ꯃꯌꯦꯛ'],
  ['Marathi', 'ज्ञानेश्वर वाघ्ये'],
  ['Nepali', 'पारिजात लिम्बू'],
  ['Odia', 'ଶ୍ରୀ ପଟ୍ଟନାୟକ'],
  ['Punjabi', 'ਗੁਰਪ੍ਰੀਤ ਸਿੰਘ'],
  ['Sanskrit', 'कृष्णद्वैपायनः'],
  ['Santali', 'ᱥᱟᱱᱛᱟᱲᱤ ᱢᱩᱨᱢᱩ'],
  ['Sindhi', 'سنڌي ڄاڻو'],
  ['Sindhi in Devanagari', 'ॻोविन्द ॿालाणी'],
  ['Tamil', 'கோவிந்தன் ஸ்ரீ'],
  ['Telugu', 'శ్రీదేవి రెడ్డి'],
  ['Urdu', 'قرۃ العین حیدر'],
  ['Urdu with vowels', 'مُحَمَّد علی خان'],
  ['Sinhala', 'ශ්‍රී ශෝභා'],
]
