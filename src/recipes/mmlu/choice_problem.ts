// A multiple-choice question as a problem: its choices in an order of their own, under letters.

import type { Problem } from '../../rl/problem_env.ts';
import { permutation } from '../../util/permutation.ts';
import { seedFor } from '../../util/random.ts';
import { type ChoiceQuestion, LETTERS } from './choice_row.ts';
import { chosenPlace } from './chosen_letter.ts';

/** Where choices speak of one another by letter or place, another order would change what they say. */
const SPEAKS_OF_OTHERS = [
  /\b(?:of|from) (?:the |these )?(?:above|below|other|others|these|choices|options)\b/i,
  /(?<!\w)\(?[A-Z]\)?,? (?:and|or|nor|&) \(?[A-Z]\)?(?!\w)/,
];

/** `shuffleSeed` and the question decide the order; null: as in the file. */
export function choiceProblem(
  { question, choices, correct, subject }: ChoiceQuestion,
  { shuffleSeed }: { shuffleSeed: number | null },
): Problem {
  const stays = shuffleSeed === null || choices.some((choice) => SPEAKS_OF_OTHERS.some((words) => words.test(choice)));
  const order = stays
    ? choices.map((_, place) => place)
    : permutation(choices.length, [seedFor(shuffleSeed, 'choices', question, ...choices)]);
  const shown = order.map((place) => choices[place]);
  const right = order.indexOf(correct);
  const letterOf = (place: number) => LETTERS.charAt(place);
  return {
    question: `${question}\n\n${shown.map((choice, place) => `${letterOf(place)}. ${choice}`).join('\n')}`,
    reference_answer: letterOf(right),
    checkAnswer: (reply) => chosenPlace(reply, shown) === right,
    checkFormat: (reply) => chosenPlace(reply, shown) !== null,
    extractAnswer(reply) {
      const place = chosenPlace(reply, shown);
      return place === null ? null : letterOf(place);
    },
    measure: (reply, isCorrect) => ({
      answered: chosenPlace(reply, shown) === null ? 0 : 1,
      ...(subject === null ? {} : { [`subject/${subject}`]: isCorrect ? 1 : 0 }),
    }),
  };
}
