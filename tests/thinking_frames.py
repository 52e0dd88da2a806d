"""Thinking as models mark it, around an answer: `{}` stands for the answer, "secretly" for what must reach nobody."""

THINKING = {
    "think": "<think>\nhens lay, secretly\n</think>\n\n{}",
    "an empty block": "<think>\n\n</think>\n\n{}",
    "think in capitals": "<THINK>secretly</THINK>{}",
    "thinking": "<thinking>secretly</thinking>\n{}",
    "reasoning": "<reasoning>secretly</reasoning>\n{}",
    "thought": "Assistant:\n<thought> secretly </thought>\n{}",
    "attributes": '<think budget="9">secretly</think>{}',
    "square brackets": "[THINK]secretly[/THINK]{}",
    "signs": "◁think▷secretly◁/think▷{}",
    "borders": "<|begin_of_thought|>secretly<|end_of_thought|>\n{}",
    "nested": "<think>a <think>secretly</think> secretly</think>{}",
    "another inside": "<think>a <reflection>secretly</reflection> secretly</think>{}",
    "another ends it": "<think>secretly</thinking>{}",
    "no opening": "secretly, hens lay\n</think>\n{}",
    "two blocks": "<think>secretly</think>\n<think>secretly</think>\n{}",
    "details": "<details><summary>My thinking</summary>secretly</details>\n{}",
    "channels": "<|channel|>analysis<|message|>secretly<|end|><|start|>assistant<|channel|>final<|message|>{}<|return|>",
    "commentary": "<|channel|>commentary<|message|>secretly<|end|><|channel|>final<|message|>{}",
    "channels without their marks": "analysisWe secretly count.assistantfinal{}",
    "marks of turns": "<|im_start|>assistant\n<think>secretly</think>{}<|im_end|>\n<|im_start|>user\nsecretly",
    "an end of text": "<think>secretly</think>\n{}<|endoftext|>secretly go on",
}
HEADED = {
    "a header": "Thinking: hens lay, secretly.\n\nFinal answer: {}",
    "a bold header": "**Thinking:** secretly\n\n**Response:**\n{}",
    "a title": "## Thought process\nsecretly\n\n## Final answer\n{}",
}
NO_END = {
    "think": "<think>secretly {}",
    "thinking": "<thinking>\nsecretly {}",
    "square brackets": "[THINK]secretly {}",
    "channels": "<|channel|>analysis<|message|>secretly {}",
    "channels without their marks": "analysisWe secretly count {}",
    "an end without more": "secretly {}</think>",
    "a header": "Thinking: secretly, {}",
}
