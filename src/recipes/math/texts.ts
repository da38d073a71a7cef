// What is said to models and to users about MATH.

/** Behind a problem in training. */
export const MATH_SUFFIX = ' Put the final answer into \\boxed{}.';

/** In front of a problem in a benchmark. */
export const BOXED_SYSTEM_PROMPT = 'Solve the problem step by step, and put the final answer into \\boxed{}.';

export const MATH_FILE = {
  description:
    'Problems of MATH: {"problem", "solution"} a row, the answer boxed in the solution; or {"problem", "answer"}.',
  source: 'https://huggingface.co/datasets/EleutherAI/hendrycks_math',
};

export const MATH_500 = {
  description: 'Problems that are held out and never trained on, as MATH-500: {"problem", "answer"} a row.',
  source: 'https://huggingface.co/datasets/HuggingFaceH4/MATH-500',
};

export const MATH_BENCHMARK_FILE = {
  description:
    'Problems to ask, as MATH-500: {"problem", "answer"} a row; or {"problem", "solution"} with a boxed answer.',
  source: 'https://huggingface.co/datasets/HuggingFaceH4/MATH-500',
};
