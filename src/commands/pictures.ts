import { takePictures } from '../dev/pictures/pictures.ts'
import { parseArguments } from './arguments.ts'

parseArguments(
  `npm run pictures        the front page’s pictures, taken from the product with its sample prices, into public/`,
  {},
)

for (const { name, bytes } of await takePictures()) console.log(`${name}  ${Math.round(bytes / 1_000)} kB`)
