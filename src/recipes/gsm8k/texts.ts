// What is said to models and to users about GSM8K.

/** Behind a problem in training. */
export const GSM8K_SUFFIX = ' Give the final answer as a number without units, in \\boxed{}.';

const source = 'https://github.com/openai/grade-school-math (grade_school_math/data)';

export const GSM8K_TRAIN = { description: 'train.jsonl of GSM8K, one {"question", "answer"} a line.', source };
export const GSM8K_TEST = { description: 'test.jsonl of GSM8K, which is held out and never trained on.', source };
export const GSM8K_BENCHMARK_FILE = { description: 'test.jsonl of GSM8K, one {"question", "answer"} a line.', source };
